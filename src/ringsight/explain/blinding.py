"""What analysts do not see until they ask for the score, so that the score does not judge for them."""

from typing import assert_never

from ringsight.explain.score_steps import StepKind
from ringsight.explain.statements import StatementKind


def blind(kind: StatementKind | StepKind) -> bool:
    """Whether a statement or a step stays hidden until the score is asked for.

    Hidden is what tells the score, a rate, or what either of them comes to. Conditions are tried on rings within reach
    of a flag, members on flagged and held rings alone: what is said of either would tell these from the rings drawn at
    random.
    """
    match kind:
        case StatementKind.verdict | StatementKind.explanation | StatementKind.condition | StatementKind.members:
            return True
        case StepKind.chance | StepKind.score | StepKind.explained:
            return True
        case StatementKind.corroboration | StatementKind.matching_records | StatementKind.money:
            return False
        case StatementKind.not_compared | StatementKind.fragility:
            return False
        case StepKind.proposer | StepKind.source | StepKind.inside:
            return False
        case _:
            assert_never(kind)
