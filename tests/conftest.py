"""What every test shares: one Hypothesis profile."""

from hypothesis import HealthCheck, settings

# No deadline: the first call of a kernel may compile it, and the machine is shared. Derandomised: a red test is red
# again for whoever looks at it.
settings.register_profile(
    "house", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")
