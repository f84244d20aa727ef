"""The objectives: each says what it minimizes or maximizes, in a model and for a set of sites."""
