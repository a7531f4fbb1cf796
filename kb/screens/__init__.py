"""Parts of the screen that more than one page shows; with pages/, the only users of Streamlit."""
