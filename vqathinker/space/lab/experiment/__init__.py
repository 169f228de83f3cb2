"""The experiment of the lab: its state, what a visitor can do to it, the numbers that follow."""
