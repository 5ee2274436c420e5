"""How a graph is executed: plans of steps, each by the cheapest path that is proved exact."""
