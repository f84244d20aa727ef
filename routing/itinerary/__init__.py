"""Itineraries: from the call by land, sea and air to the hospital that the patient needs."""
