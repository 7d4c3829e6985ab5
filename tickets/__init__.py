"""Complaints and requests as tickets: states, working-day deadlines, departments, numbers, ratings. Knows no conversation."""
