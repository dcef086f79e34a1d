"""When a run is repeated: cron expressions in a time zone, and what this machine's own schedulers make of them."""
