"""What the 8b size needs: memory and time, estimated."""
