"""Traffic that a served model would meet, day by day, made up from its spec; and the ways in which the world drifts."""
