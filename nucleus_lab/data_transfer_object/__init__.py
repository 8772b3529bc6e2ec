"""Values that routes answer and callers read, under the names of the published client."""
