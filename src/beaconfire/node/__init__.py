"""The corridor: one value (`state`) and one function (`step`); the only place where the rooms meet."""
