"""CloudWatch Logs Insights, the part of its language that the saved queries use and what is near.

Whatever it doesn't know it refuses and says where. It never passes over a part of a query.
"""
