"""Drawing and local interaction, reusable inside this project."""
