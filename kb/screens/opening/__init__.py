"""The way from a citation to its document: a route that opens the PDF in the browser."""
