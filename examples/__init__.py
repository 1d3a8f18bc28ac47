"""Applications on GavelDB, each with its story in its docstring; the tests run them all."""
