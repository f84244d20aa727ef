"""What the archipelago is: islands, posts, demand, links, their schemas and provenance."""
