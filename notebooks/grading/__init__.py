"""What ``pytest notebooks --exercises`` is made of; ``notebooks/conftest.py`` says how to use it.

`course` knows the exercises and the copies, `find` finds an answer in a copy, `judge` runs it.
"""
