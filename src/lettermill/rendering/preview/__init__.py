"""Previews: inputs given by hand, inputs that take each branch of a template, and the page that shows the mails."""
