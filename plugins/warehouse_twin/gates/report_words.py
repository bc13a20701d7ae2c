"""What the report calls each measure and each status, and which measures are read alike."""

from __future__ import annotations

from collections.abc import Mapping

MEASURES: Mapping[str, tuple[str, str]] = {
    "column_shape": ("Column shapes", "How closely the values of each column are distributed as in the source."),
    "pair_trend": ("Pair trends", "How closely two columns move together as in the source, averaged over all pairs."),
    "pair_trend_min": ("Weakest pair", "The pair of columns that is furthest below its ceiling."),
    "pair_trend_way": ("Pair trends, way covered", "How far of the way from floor to ceiling the pair trends got."),
    "null_share": ("Missing values", "How closely the share of missing values is the source's."),
    "null_share_worst": ("Missing values, worst", "The column whose share of missing values is furthest from the source's."),
    "child_counts": ("Children per parent", "How closely the number of child rows per parent row is distributed as in the source."),
    "orphans": ("Orphans", "The share of foreign keys that lead to no parent."),
    "orphan_rate": ("Orphans kept", "How near the share of foreign keys that lead to no parent is to the source's."),
    "broken_rules": ("Rules", "The share of rows that break the rule that is broken most, of those that hold in every row of the source."),
    "row_count": ("Rows", "How near the number of rows is to the number that was asked for."),
    "key_unique": ("Unique keys", "The share of rows with a primary key of their own."),
    "same_rows": ("Same rows", "Of a table that is passed through: the share of rows that are the source's."),
    "detection": (
        "Detection",
        "How well a trained model tells rows of the twin from real ones: the area under its ROC curve, where 0.5 is a coin's.",
    ),
    "detection_with_children": (
        "Detection with children",
        "The same of a row beside the number of its child rows and the means of their numbers.",
    ),
    "coverage": ("Coverage", "The share of a column's common values, or of its range, that the twin has. The column that lacks most."),
    "repeated_rows": ("Equal rows", "The share of the twin's rows that equal another of its rows, beside real or independent rows."),
    "near_duplicates": ("Repeated rows", "The share of the twin's rows that nearly equal another of its rows, beside that of real rows."),
    "mode_coverage": ("Modes", "The share of real rows that some row of the twin is near to: what the twin lacks leaves rows alone."),
    "triple_trend": ("Triple trends", "How closely three columns go together as in the source, over triples of which no pair tells all."),
    "tails": ("Tails", "How near the number of very large or very small values is to the source's. The column and end furthest off."),
    "horizon": ("Horizon", "How rows are spread over calendar time, and where it begins and ends. The column that is furthest off."),
    "autocorrelation": (
        "Autocorrelation",
        "How far what is high in one hour, day or month is high in the next ones. The series that is furthest off.",
    ),
    "step_trend": ("Steps", "How far a row follows from the one before it, of the same parent."),
    "unique_key": ("Declared unique keys", "The share of rows with a value of their own, of those that have one."),
    "missing_patterns": ("Missing together", "How closely rows have the same columns missing together as in the source."),
    "time_order": (
        "Order of times",
        "How often a time is before, at or after another of its row. The pair that is furthest off.",
    ),
    "time_order_parent": ("Order of times, parent and child", "The same of a time of a row and one of the row it belongs to."),
    "seasonality": ("Seasons", "How rows are spread over hours, weekdays and months. The column and cycle that are furthest off."),
    "event_gaps": ("Times between events", "How long the events of one parent are apart, and what a gap says of the next."),
    "hop_trend_1": (
        "Trends over a key",
        "How columns move together with those of the parent. The weakest way, on average over pairs.",
    ),
    "hop_trend_2": ("Trends over two keys", "The same with the parent's parent."),
    "hop_trend_3": ("Trends over three keys", "The same one table further up."),
    "utility": (
        "Utility",
        "How well a model that learned from the twin predicts this column of real rows: 0 knows nothing, 1 is never wrong. "
        "The ceiling learned from real rows.",
    ),
    "utility_worst": ("Utility, weakest", "The same of columns that can be predicted best. The one furthest below its ceiling."),
    "source_drift": ("Drift of the source", "How far the source is from what it was at the release before. The column that drifted most."),
    "twin_drift": ("Drift of the twin", "How far the twin is from the release before. The column that drifted most."),
    "parity": ("Parity", "By how much the share of favourable outcomes differs between protected groups; the ceiling is the source's."),
    "parity_error": ("Parity, kept", "How far that difference is from the source's."),
    "opportunity": (
        "Opportunity",
        "By how much the share of favourable outcomes that a trained model finds differs between protected groups.",
    ),
    "opportunity_error": ("Opportunity, kept", "How far that difference is from that of a model that learned from the source."),
    "subgroup_shape": ("Shapes within groups", "Column shapes among the rows of one protected group: the group that is furthest off."),
    "query_error": ("Answers", "How far the numbers of a query's answer are from the source's: Σ|a − b| / Σ|a| over its groups."),
    "query_rank": ("Answers, ranking", "How far the ten groups that come first in a query's answer are the source's, in the same order."),
    "join_rows": ("Answers, joins", "How near the rows that come out of a query's join, for each row that goes in, are to the source's."),
    "exact_copies": ("Exact copies", "The share of rows equal to a real row, beside how often held-out rows are so by chance."),
    "near_copies": ("Near copies", "The share of rows that lie as near to a real row as only few real rows do to each other."),
    "dcr_excess": (
        "Closeness to real rows",
        "How many more rows lie closer to rows that were learned from than to rows that never were, beyond chance.",
    ),
    "singling_out": (
        "Singling out",
        "How much more often what one row of the twin has singles out somebody it was learned from than somebody held out.",
    ),
    "linkability": (
        "Linking",
        "How much more often two parts of a row lead to the same row of the twin, for people it was learned from.",
    ),
    "attribute_inference": (
        "Guessing a column",
        "How much better a column is guessed from the others, of people the twin was learned from. The column where that is surest.",
    ),
    "rare_combinations": (
        "Rare combinations",
        "How much of what fewer than k people have in common the twin shows, of people it was learned from and of others.",
    ),
    "rare_words": ("Rare words", "How many words that fewer than k people's texts have are in the twin's texts, of both kinds of people."),
    "membership": (
        "Membership",
        "How well an attacker who holds the twin tells whom it was learned from: the area under the curve, where 0.5 is a coin's.",
    ),
    "membership_exposed": ("Membership, most exposed", "The same of the tenth whose rows are least like anybody else's."),
    "membership_found": (
        "Members found",
        "The share of those learned from that the attacker finds while wrong about one in a hundred others.",
    ),
    "membership_children": ("Membership by children", "How well the rows below it, and nothing of its own, tell who was learned from."),
    "membership_children_found": ("Members found by children", "The share of those learned from that are found by the rows below them."),
    "canaries": ("Canaries", "How well planted rows of a second model, which is never published, are told from rows like them."),
    "membership_releases": ("Membership by all releases", "How well who kept the releases before, too, tells who was learned from."),
    "membership_added": ("Who came since", "How well the releases before and now tell apart who came to the source between them."),
    "rare_words_releases": ("Rare words in all releases", "The same of words that this release and those before have in common."),
}
OF_KEYS = ("child_counts", "orphans", "orphan_rate")
OF_TABLE = (
    *("row_count", "key_unique", "broken_rules", "same_rows", "pair_trend_min", "null_share_worst", "source_drift", "twin_drift"),
    *("query_error", "query_rank", "join_rows", "parity", "parity_error", "opportunity", "opportunity_error", "subgroup_shape"),
    "attribute_inference",
)
"""They speak for the whole table, whatever columns, or query, they name."""
SHARES = ("orphans", "broken_rules", "row_count", "key_unique", "unique_key", "same_rows")
"""Counted shares, shown in percent."""
PRIVACY = (
    *("exact_copies", "near_copies", "dcr_excess"),
    *("singling_out", "linkability", "attribute_inference", "rare_combinations", "rare_words"),
    *("membership", "membership_exposed", "membership_found", "membership_children", "membership_children_found"),
    *("canaries", "membership_releases", "membership_added", "rare_words_releases"),
)

STATUSES = {"pass": "passed", "fail": "failed", "undecided": "undecided", "shown": "not judged", "": "not judged"}
WOULD = {"pass": "would pass", "fail": "would fail", "undecided": "would be undecided"}
