"""The selection stage: decides which kinds of model take part; see README.md."""
