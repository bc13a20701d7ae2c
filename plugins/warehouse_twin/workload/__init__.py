"""Do the queries that people run say of the twin what they say of the source?"""
