"""The parts of tools/report: what a page is made of, and the pages of runs and of tables of runs."""
