"""What programs meet: endpoints, checks of what is sent, uploads, health, the end."""
