"""`python -m pixace`."""

from pixace.cli import main

main(prog_name="pixace")
