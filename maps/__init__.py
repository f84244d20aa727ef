"""What people look at: interactive pages, figures and reports; draws tables, computes nothing."""
