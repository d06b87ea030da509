"""Long-running HTTP: composers beside the jobs and the command."""
