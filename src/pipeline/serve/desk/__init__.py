"""Where a question is answered: from what is kept, by whom asks first, or by the warehouse."""
