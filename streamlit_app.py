"""The app's entry: page list and page settings only; every page also stands alone."""

import streamlit as st

if __name__ == "__main__":
    st.set_page_config(
        page_title="Knowledge base workbench", page_icon=":material/menu_book:", layout="wide"
    )
    st.navigation(
        [
            st.Page(
                "pages/upload_and_sync.py",
                title="Upload and sync",
                icon=":material/cloud_sync:",
                default=True,
            ),
            st.Page("pages/chunks.py", title="Chunks", icon=":material/view_agenda:"),
            st.Page("pages/chat.py", title="Test knowledge base", icon=":material/forum:"),
            st.Page("pages/evaluation.py", title="Evaluation", icon=":material/fact_check:"),
            st.Page("pages/index_tuning.py", title="Index tuning", icon=":material/speed:"),
            st.Page("pages/sql_embeddings.py", title="Embed with SQL", icon=":material/database:"),
        ]
    ).run()
else:
    # The server imports this file once, for its routes, and runs it as __main__ for each visit.
    from streamlit.runtime.pages_manager import PagesManager

    from kb.screens.opening import route as opening
    from kb.screens.uploads import route as uploads

    # st.navigation says so, too, but only when it first runs: whoever opens the address of a page
    # before anybody else would see the files of pages/ listed beside it.
    PagesManager.uses_pages_directory = False
    app = st.App(__file__, routes=[*uploads.routes(), *opening.routes()])
