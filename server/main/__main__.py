"""`python -m gaveldb` is the command `gaveldb`."""

from gaveldb.server.cli import main

if __name__ == "__main__":
    main(prog_name="gaveldb")
