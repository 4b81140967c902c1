"""Responses: the operation of IAM that is ours; all others are moto's."""

from __future__ import annotations

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse


class LocalIamResponse(IamResponse):
    """Each method answers the operation of its name."""

    def simulate_principal_policy(self) -> ActionResult:
        """Every action is allowed, and truly so: localaws enforces no policies. The sagemaker SDK 3 asks this."""
        resources = self._get_param("ResourceArns") or ["*"]
        results = [
            {"EvalActionName": action, "EvalResourceName": resource, "EvalDecision": "allowed"}
            for action in self._get_param("ActionNames")
            for resource in resources
        ]
        return ActionResult({"EvaluationResults": results, "IsTruncated": False})
