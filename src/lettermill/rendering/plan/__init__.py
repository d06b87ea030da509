"""The plan of a template: typed nodes that front ends write and back ends, checks and exports read."""
