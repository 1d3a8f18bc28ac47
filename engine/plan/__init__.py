"""The planner: from a typed Query (engine/tree.py) to plan nodes (nodes.py); entry is build.plan_query."""
