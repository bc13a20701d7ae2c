"""warehouse-twin: a digital twin of a production warehouse, with no row of it inside.

Importing this package loads none of the tools it drives: each has one home, imported when used.
"""

__version__ = "0.1.0"
