"""PL/pgSQL: parser.py reads a body, compiler.py makes a Python function of it, which calls runtime.py."""
