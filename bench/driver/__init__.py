"""What `run.py` and `report.py` are made of."""
