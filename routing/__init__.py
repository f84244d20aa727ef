"""What follows from the archipelago: network, travel and response times, siting."""
