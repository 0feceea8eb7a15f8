"""The message-centre posts' texts: invented, in the manner such posts are written.

`{release}` is the month's service release, `{due}` the date to act by, `{soon}` a date within the month, `{month}` the
month the change comes; `{other}` is an older post's id.
"""

from __future__ import annotations

from typing import NamedTuple

INTUNE = "Microsoft Intune"


class Text(NamedTuple):
    """One post's template; paragraphs are HTML without the surrounding `<p>`."""

    title: str
    what: str
    affects: str
    prepare: str
    category: str = "planForChange"
    services: tuple[str, ...] = (INTUNE,)
    severity: str = "normal"
    tags: tuple[str, ...] = ("Admin impact",)
    major: bool = False
    #: Days from publication to `actionRequiredByDateTime`, if there is one.
    act_within: int | None = None
    #: Days from publication to its revision, if it is revised.
    revised_after: int | None = None
    heading_affects: str = "How does this affect you or your users?"
    heading_prepare: str = "What do you need to do to prepare?"
    link: str | None = None


_USERS = ("User impact", "Admin impact")
_FEATURE = ("New feature", "Admin impact")
_RETIRE = ("Retirement", "Admin impact", "User impact")

TEXTS: tuple[Text, ...] = (
    Text(
        "Plan for Change: Intune raises its minimum to iOS/iPadOS 17",
        "With a release shortly after Apple's next major version, Intune and the Company Portal will require "
        "<b>iOS/iPadOS 17 and later</b>. The date we plan with is <strong>{due}</strong>.",
        "Devices on iOS/iPadOS 16 that are enrolled already stay enrolled but get no newer Company Portal. New "
        "enrolments of older devices fail.<br>To find them, open <em>Devices &gt; iOS/iPadOS</em> and add the column "
        "<em>OS version</em>.",
        "<ul><li>Update devices that can be updated.</li><li>Plan replacements for those that cannot.</li>"
        "<li>Notify your helpdesk and the people concerned.</li></ul>",
        tags=_USERS,
        major=True,
        act_within=75,
        revised_after=21,
        link="https://learn.example/intune/supported-platforms",
    ),
    Text(
        "Plan for Change: Android device administrator management ends",
        "Management through Android device administrator ends for devices with access to Google Mobile Services on "
        "<strong>{due}</strong>.",
        "Such devices can no longer be enrolled afterwards. Those enrolled remain visible, yet policies no longer "
        "reach them.",
        "Move the devices to an Android Enterprise work profile before <strong>{due}</strong> and update your "
        "documentation. See also {other}.",
        severity="high",
        tags=_RETIRE,
        major=True,
        act_within=28,
        link="https://learn.example/intune/android-enterprise-move",
    ),
    Text(
        "Take Action: Renew connectors for certificates before {due}",
        "The trust anchor behind the Certificate Connector for Intune is replaced. Connectors older than version "
        "6.2406.0.1001 stop working on <strong>{due}</strong>.",
        "Certificates for Wi-Fi and VPN are no longer issued by connectors that are not updated; profiles then show "
        "<em>pending</em>.",
        "<ol><li>Check the version under <em>Tenant administration &gt; Connectors</em>.</li><li>Install the current "
        "connector.</li><li>Watch one request succeed.</li></ol>",
        category="preventOrFixIssue",
        severity="critical",
        major=True,
        act_within=12,
        revised_after=4,
        heading_affects="How this change will affect your organization",
    ),
    Text(
        "New compliance settings for Linux in the {release} service release",
        "Expected with Intune's {release} service release: compliance policies for Ubuntu can check the age of the "
        "last update.",
        "Nothing changes until you add the setting to a policy.",
        "No action is needed. Consider the setting for your next policy review.",
        category="stayInformed",
        tags=_FEATURE,
    ),
    Text(
        "Plan for Change: Windows 10 security updates end – what Intune will show",
        "Windows 10 no longer gets free security updates. From <strong>{soon}</strong> Intune marks builds out of "
        "service in its update reports.",
        "<p>Reports of feature updates list these devices as <em>EndOfService</em>. Policies continue to apply.</p>"
        "<table><tr><th>Build</th><th>State</th></tr><tr><td>19045</td><td>extended support only</td></tr>"
        "<tr><td>22631</td><td>supported</td></tr></table>",
        "Count the devices below build 22631, decide who gets extended updates, and plan the rest of the move.",
        services=(INTUNE, "Windows"),
        tags=_USERS,
        act_within=100,
        revised_after=30,
    ),
    Text(
        "Company Portal for macOS gets a new sign-in window",
        "The Company Portal for macOS opens sign-in in the system browser from version 5.2502 on.",
        "People see their default browser in place of the embedded window, once per sign-in.",
        "Inform your helpdesk. If you block the system browser for some users, allow it for sign-in.",
        category="stayInformed",
        tags=("Feature update", "User impact"),
        heading_prepare="What can you do to prepare?",
    ),
    Text(
        "Plan for Change: Network endpoints for Win32 apps move",
        "Content of Win32 apps and of scripts will come from new host names. The old names are switched off on "
        "<strong>{due}</strong>.",
        "If your firewall filters by name, installations stop <i>without an error that users understand</i>.",
        "Add the new names to your allow list before <strong>{due}</strong>, then test one installation per site.",
        severity="high",
        tags=("Admin impact", "Updated message"),
        act_within=40,
        revised_after=10,
        link="https://learn.example/intune/network-endpoints",
    ),
    Text(
        "Plan for Change: Wipe asks a second administrator by default",
        "New tenants will ask for the approval of a second administrator before a wipe; existing tenants can turn it "
        "on from the {release} release.",
        "Nothing changes for existing tenants unless you turn it on.",
        "Decide whether your organization wants it and who approves at night and on week-ends.",
    ),
    Text(
        "Exchange Online: Basic authentication for SMTP submission is retired",
        "Client submission with a plain password is switched off step by step until <strong>{due}</strong>.",
        "Printers and scripts that send mail with a password stop sending.",
        "Find them in the SMTP submission report and move them to OAuth or another service.",
        services=("Exchange Online",),
        severity="high",
        tags=_RETIRE,
        major=True,
        act_within=55,
        revised_after=14,
    ),
    Text(
        "Microsoft Teams: New meeting recap on mobile",
        "The recap of a meeting comes to iOS and Android in {month}.",
        "People with the licence find a new tab in past meetings.",
        "You do not need to take any action.",
        category="stayInformed",
        services=("Microsoft Teams",),
        tags=("New feature", "User impact"),
    ),
    Text(
        "Autopilot device preparation: more detailed failure report",
        "The deployment report names the step, the app and the code of each failure.",
        "Administrators see it with the {release} service release; enrolments behave as before.",
        "No action is required. Update the material of your helpdesk if it shows the old report.",
        category="stayInformed",
        tags=_FEATURE,
    ),
    Text(
        "Plan for Change: Conditional access will evaluate shared iPads separately",
        "Sessions on shared iPads are judged by the state of the device from <strong>{soon}</strong> on.",
        "On shared iPads that are not compliant, people lose access to mail until the device is compliant.",
        "Check which shared iPads are not compliant and correct them in time; notify your helpdesk or users.",
        services=(INTUNE, "Microsoft Entra"),
        tags=_USERS,
        act_within=20,
    ),
    Text(
        "Microsoft Entra: Registration of legacy MFA methods closes",
        "The old page for registering methods is removed on <strong>{due}</strong>.",
        "Anyone who has not moved sees the combined registration at the next sign-in.",
        "Migrate the policy under <em>Authentication methods</em>; then tell your users what they will see.",
        services=("Microsoft Entra",),
        tags=_USERS,
        major=True,
        act_within=65,
    ),
    Text(
        "Fix rolled out: some Android work profiles showed as not encrypted",
        "For a few days devices of one manufacturer reported encryption late; the service now waits for the first full "
        "report.",
        "Devices that were marked not compliant recover at their next check-in.",
        "No action is needed. Ask people with open tickets to sync once in the Company Portal.",
        category="preventOrFixIssue",
        tags=("User impact",),
    ),
    Text(
        "Plan for Change: Minimum macOS 14 for Intune",
        "After the next major release of macOS, Intune will support <b>macOS 14 and higher</b> only, around "
        "<strong>{month}</strong>.",
        "Macs on macOS 13 stay managed, yet can no longer be enrolled, and the Company Portal is not updated there.",
        "List your Macs by version and plan the updates; see {other} for the history.",
        tags=_USERS,
        act_within=90,
    ),
    Text(
        "Remediations: schedule may now follow the user's time zone",
        "A remediation's daily schedule can follow the clock of the device.",
        "Existing schedules keep UTC.",
        "Nothing, unless you want it: then edit the schedule after the {release} release.",
        category="stayInformed",
        tags=_FEATURE,
        heading_affects="How will this affect you?",
    ),
    Text(
        "Plan for Change: Graph drops two properties of managedDevice in beta",
        "Two properties that have been empty for a year leave the beta version on <strong>{due}</strong>: "
        "<code>chassisType</code> and <code>retireAfterDateTime</code>.",
        "Scripts that select them get error 400.",
        "Search your scripts for both names and remove them.",
        tags=("Retirement", "Admin impact"),
        act_within=33,
    ),
    Text(
        "SharePoint Online: Storage figures are counted differently",
        "Old versions of files count by their real size from {month} on.",
        "Your tenant's used storage may fall.",
        "No action is needed.",
        category="stayInformed",
        services=("SharePoint Online",),
    ),
    Text(
        "Take Action: Update the Intune App SDK in your own apps before iOS 19",
        "Apps with a wrapped or built-in SDK older than 20.4 may fail to start after the update to the next iOS. "
        "Publish updated apps by <strong>{due}</strong>.",
        "People with app protection policies cannot open such apps until they are updated.",
        "<ul><li>Ask your developers and vendors which SDK they use.</li><li>Test with the preview of iOS.</li></ul>",
        category="preventOrFixIssue",
        severity="high",
        tags=_USERS,
        act_within=48,
        revised_after=12,
    ),
    Text(
        "BitLocker keys: rotation results in the device's action list",
        "The result of a key rotation shows among a device's actions, with time and initiator.",
        "Your helpdesk sees whether a new key is in place before it gives out an old one.",
        "No action is required.",
        category="stayInformed",
        tags=_FEATURE,
    ),
    Text(
        "Plan for Change: Managed Google Play private apps need a new review",
        "Google reviews private apps again when they target an API level below 33. Late apps vanish from the store on "
        "<strong>{due}</strong>.",
        "Installed apps stay; new devices can no longer install them.",
        "Ask the makers of your private apps for a build that targets the newer level.",
        services=(INTUNE,),
        act_within=26,
    ),
    Text(
        "Enrolment restrictions: clearer words when a user hits the device limit",
        "The Company Portal names the limit and the devices that count.",
        "Fewer calls; the limit itself does not change.",
        "Update your helpdesk's texts where they quote the old message.",
        category="stayInformed",
        tags=("Feature update", "User impact"),
        heading_prepare="How can you prepare?",
    ),
    Text(
        "Microsoft Defender for Endpoint: tamper protection on for all devices",
        "Tamper protection is turned on where it has not been configured, beginning on <strong>{soon}</strong>.",
        "Local changes to Defender's settings are undone. Exclusions by policy remain.",
        "If you rely on local scripts, move their settings into a policy before.",
        services=("Microsoft Defender XDR", INTUNE),
        tags=_USERS,
        major=True,
        act_within=18,
    ),
    Text(
        "What comes with the {release} service release of Intune",
        "The {release} release reaches Asia first, then Europe, North America and government clouds within four days.",
        "The pages <em>Devices</em> and <em>Reports</em> load in a new frame; links to single devices stay valid.",
        "No action is needed. The notes list every change by area.",
        category="stayInformed",
        tags=("Feature update",),
    ),
    Text(
        "Plan for Change: Kiosk profiles for Windows need a named account",
        "Kiosk profiles that sign in with a group stop working on <strong>{due}</strong>; a named account or the local "
        "kiosk account takes its place.",
        "Kiosks restart into the normal sign-in window when the profile no longer applies.",
        "<ul><li>Open each kiosk profile and look for a group.</li><li>Name an account, assign the profile to a pilot "
        "group, then to all.</li></ul>",
        act_within=35,
        revised_after=9,
    ),
    Text(
        "Windows Autopatch: Quality updates can be paused per ring",
        "A ring's quality updates can be paused and resumed by themselves with the {release} service release.",
        "Devices of a paused ring keep their build for at most 35 days.",
        "No action is needed. Agree who may pause a ring and who is told.",
        category="stayInformed",
        services=(INTUNE, "Windows Autopatch"),
        tags=_FEATURE,
    ),
    Text(
        "Take Action: Accept the new Apple terms before {due}",
        "Apple has published new terms for its business portal. Until somebody accepts them, enrolment tokens no "
        "longer synchronize; the last day without a gap is <strong>{due}</strong>.",
        "New devices do not appear in Intune, and assigned profiles are not updated. Enrolled ones are not affected.",
        "Ask whoever holds the administrator role in the business portal to sign in and accept; then start a "
        "synchronization by hand.",
        category="preventOrFixIssue",
        severity="critical",
        tags=("Admin impact",),
        major=True,
        act_within=6,
        revised_after=3,
    ),
    Text(
        "Fix in progress: some iPads ask for their passcode twice",
        "After the latest update of the Company Portal some iPads ask for the device passcode twice during enrolment.",
        "People can go on after the second entry; nothing is lost.",
        "You do not need to take any action. Tell your helpdesk; we will revise this post when it is solved.",
        category="preventOrFixIssue",
        tags=("User impact",),
        revised_after=5,
    ),
)
