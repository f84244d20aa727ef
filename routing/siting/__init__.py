"""Where the next posts should go: solver-free problems, OR-Tools behind them."""
