"""What the stages hand to each other, as typed JSON: one module for each stage."""
