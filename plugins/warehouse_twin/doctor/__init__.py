"""Is everything there that a run needs? Quick looks that write nothing, each with the command that mends what is wrong."""
