"""GRPO: answers that earned more than their siblings become likelier."""
