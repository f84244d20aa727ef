"""Customizable contraction hierarchies: order a network once, re-weight it in milliseconds."""
