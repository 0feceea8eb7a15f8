"""What the commands of the command line do; imported one by one when they run."""
