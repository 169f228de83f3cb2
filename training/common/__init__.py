"""What every command needs: how it ends, files and logs, steps and resuming, the start, precision."""
