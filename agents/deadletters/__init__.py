"""Dead letters for operators: found, shown, replayed, dropped.  All but `mailbox` is pure."""
