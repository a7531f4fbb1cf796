"""The page Evaluation in parts: choosing, running, figures, questions, comparing."""
