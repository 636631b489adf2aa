"""What a column of text is: a class for each cell, then one type for the column, from all rows."""
