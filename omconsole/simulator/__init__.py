"""A simulated Microsoft Intune tenant that speaks Microsoft Graph over HTTP.

What is simulated: one tenant (Contoso GmbH) whose people, devices on five platforms, compliance policies with the
settings that devices fail, apps with where they fail, failed enrolments, message-centre posts, service health,
connectors, audit log and directory users are a pure function of (seed, scenario, epoch, device count, now). As time
goes on devices check in, fall out of compliance and come back, go silent and return, are enrolled and retired, and
posts arrive and are revised. It is served as Graph serves it: paths, property names and casings, `$select`, `$top`, the
few documented `$filter`s (any other is ignored without a word, as Graph does), paging, report actions, error bodies,
request ids, gzip. `surface.py` is the complete list of what is served; `World.planted` and `alerts.planted_alerts` tell
what is wrong.

What is not simulated: sign-in and tokens (any request with the one token is let in, with all rights), permissions,
role-based access and scope tags, throttling, faults, latency, `$batch`, exports and most reports, and anything that
writes. The audit log goes back 30 days, and the directory has users alone. A message's `viewPoint` is
always null, as with an application's sign-in.

Nothing here imports any other part of omconsole: a shared type would share the mistake.
"""
