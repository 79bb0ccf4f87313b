"""Truth: flown paths from a physics of their own."""
