"""What is told about a result: the report, the plots, the inspection of a bracket."""
