"""One module per source of truth about the tenant: Graph rows in, observations out."""
