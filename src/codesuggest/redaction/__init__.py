"""Making the redactor's language model, and proving how good the redactor is."""
