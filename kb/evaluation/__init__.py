"""Evaluation: question sets, measures, comparisons."""
