"""The app registration as commands to paste and as clicks: exactly the permissions that are read, nothing that writes.

The ids of permissions are looked up by name when the commands run, so that none can be wrong.
"""

from __future__ import annotations

from typing import Final

import msgspec

from omconsole.config.sign_in import WITH_A_PERSON, Method
from omconsole.graph.permissions import GRAPH_APP_ID, PERMISSIONS, REDIRECT_URI, SIGN_IN_SCOPES
from omconsole.i18n import _

APP_NAME: Final = "omconsole"
CERTIFICATE_FILE: Final = "omconsole-certificate.pem"
"""The certificate alone, for the app registration."""
CREDENTIAL_FILE: Final = "omconsole.pem"
"""Private key and certificate, for this machine alone."""

ADMIN_CENTERS: Final = {
    "global": "https://entra.microsoft.com",
    "us-gov": "https://entra.microsoft.us",
    "us-dod": "https://entra.microsoft.us",
    "china": "https://portal.azure.cn",
}
"""Where apps are registered with a browser, by national cloud."""
_AZ_CLOUDS: Final = {"us-gov": "AzureUSGovernment", "us-dod": "AzureUSGovernment", "china": "AzureChinaCloud"}
_PS_ENVIRONMENTS: Final = {"us-gov": "USGov", "us-dod": "USGovDoD", "china": "China"}


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be registered: where, and for which way of signing in."""

    tenant: str
    method: Method
    cloud: str
    graph_url: str

    @property
    def delegated(self) -> bool:
        """Whether people sign in; else it is the application that asks."""
        return self.method in WITH_A_PERSON

    @property
    def names(self) -> tuple[str, ...]:
        """The permissions to be registered; the scopes of the sign-in itself too, so that one consent covers all."""
        return (*(each.name for each in PERMISSIONS), *(SIGN_IN_SCOPES if self.delegated else ()))


def az_script(of: Registration) -> str:
    """Return the registration for Azure CLI, to paste into bash or zsh; it ends with the client ID."""
    login = [f"az login --tenant {of.tenant} --allow-no-subscriptions"]
    if of.cloud in _AZ_CLOUDS:
        login.insert(0, f"az cloud set --name {_AZ_CLOUDS[of.cloud]}")
    body = _az_identity(of) if of.method == "managed-identity" else _az_app(of)
    return "\n".join([*login, "(", *(f"  {line}" for line in ["set -eu", f"graph={GRAPH_APP_ID}", *body]), ")"])


def _az_app(of: Registration) -> list[str]:
    collection, kind = ("oauth2PermissionScopes", "Scope") if of.delegated else ("appRoles", "Role")
    public = " --is-fallback-public-client true" if of.delegated else ""
    lines = [
        "set --",
        *_az_each(of.names),
        *_az_lookup(collection),
        f'  set -- "$@" "$id={kind}"',
        "done",
        f"app=$(az ad app create --display-name {APP_NAME} --sign-in-audience AzureADMyOrg{public} \\",
        f"  --public-client-redirect-uris {REDIRECT_URI} --query appId --output tsv)",
        'az ad app permission add --id "$app" --api "$graph" --api-permissions "$@"',
        'az ad sp create --id "$app" --output none',
    ]
    if of.method == "certificate":
        lines += [f'az ad app credential reset --id "$app" --cert "@{CERTIFICATE_FILE}" --append --output none']
    if of.method == "client-secret":
        lines += [
            'secret=$(az ad app credential reset --id "$app" --append --years 1 --query password --output tsv)',
            'echo "client secret: $secret"',
        ]
    return [*lines, 'echo "client ID: $app"']


def _az_identity(of: Registration) -> list[str]:
    address = f"{of.graph_url}/v1.0/servicePrincipals/$identity/appRoleAssignments"
    body = '{\\"principalId\\":\\"$identity\\",\\"resourceId\\":\\"$resource\\",\\"appRoleId\\":\\"$id\\"}'
    return [
        "printf 'object (principal) ID of the managed identity: '; read -r identity",
        'resource=$(az ad sp show --id "$graph" --query id --output tsv)',
        *_az_each(of.names),
        *_az_lookup("appRoles"),
        f'  az rest --method POST --uri "{address}" \\',
        f'    --body "{body}" --output none',
        "done",
    ]


def _az_each(names: tuple[str, ...]) -> list[str]:
    return ["for permission in \\", *(f"  {name} \\" for name in names[:-1]), f"  {names[-1]}", "do"]


def _az_lookup(collection: str) -> list[str]:
    query = f"{collection}[?value=='$permission'].id"
    return [
        f'  id=$(az ad sp show --id "$graph" --query "{query}" --output tsv)',
        '  if [ -z "$id" ]; then echo "Microsoft Graph has no $permission here" >&2; exit 1; fi',
    ]


def powershell_script(of: Registration) -> str:
    """Return the registration for PowerShell with the module Microsoft.Graph; it ends with the client ID."""
    scopes = "'Application.ReadWrite.All'"
    if of.method == "managed-identity":
        scopes += ", 'AppRoleAssignment.ReadWrite.All'"
    environment = f" -Environment {_PS_ENVIRONMENTS[of.cloud]}" if of.cloud in _PS_ENVIRONMENTS else ""
    body = _ps_identity(of) if of.method == "managed-identity" else _ps_app(of)
    return "\n".join(
        [
            f"Connect-MgGraph -TenantId '{of.tenant}' -Scopes {scopes}{environment}",
            "& {",
            "  $ErrorActionPreference = 'Stop'",
            f"  $graph = Get-MgServicePrincipal -Filter \"appId eq '{GRAPH_APP_ID}'\"",
            "  $names = @(",
            *(f"    '{name}'" for name in of.names),
            "  )",
            *(f"  {line}" for line in body),
            "}",
        ]
    )


def _ps_lookup(collection: str) -> list[str]:
    return [
        f"  $found = $graph.{collection} | Where-Object Value -eq $name",
        '  if (-not $found) { throw "Microsoft Graph has no $name here" }',
    ]


def _ps_app(of: Registration) -> list[str]:
    collection, kind = ("Oauth2PermissionScopes", "Scope") if of.delegated else ("AppRoles", "Role")
    lines = [
        "$access = foreach ($name in $names) {",
        *_ps_lookup(collection),
        f"  @{{ Id = $found.Id; Type = '{kind}' }}",
        "}",
        "$new = @{",
        f"  DisplayName = '{APP_NAME}'",
        "  SignInAudience = 'AzureADMyOrg'",
        f"  PublicClient = @{{ RedirectUris = @('{REDIRECT_URI}') }}",
        "  RequiredResourceAccess = @(@{ ResourceAppId = $graph.AppId; ResourceAccess = @($access) })",
        "}",
    ]
    if of.delegated:
        lines += ["$new.IsFallbackPublicClient = $true"]
    if of.method == "certificate":
        lines += [
            f"$file = (Resolve-Path './{CERTIFICATE_FILE}').Path",
            "$certificate = New-Object Security.Cryptography.X509Certificates.X509Certificate2 $file",
            "$key = @{ Type = 'AsymmetricX509Cert'; Usage = 'Verify'; Key = $certificate.RawData }",
            "$new.KeyCredentials = @($key)",
        ]
    lines += ["$app = New-MgApplication @new", "New-MgServicePrincipal -AppId $app.AppId | Out-Null"]
    if of.method == "client-secret":
        lines += [
            "$secret = Add-MgApplicationPassword -ApplicationId $app.Id",
            '"client secret: $($secret.SecretText)"',
        ]
    return [*lines, '"client ID: $($app.AppId)"']


def _ps_identity(_of: Registration) -> list[str]:
    return [
        "$identity = Read-Host 'object (principal) ID of the managed identity'",
        "foreach ($name in $names) {",
        *_ps_lookup("AppRoles"),
        "  New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $identity -PrincipalId $identity `",
        "    -ResourceId $graph.Id -AppRoleId $found.Id | Out-Null",
        "}",
    ]


def certificate_commands() -> str:
    """Return the commands that make a key and its certificate, to paste into any shell of this machine."""
    return "\n".join(
        [
            "(",
            "  set -eu",
            "  umask 077",
            '  openssl req -x509 -newkey rsa:3072 -sha256 -days 365 -nodes -subj "/CN=omconsole" \\',
            f"    -keyout {CREDENTIAL_FILE} -out {CERTIFICATE_FILE}",
            f"  cat {CERTIFICATE_FILE} >> {CREDENTIAL_FILE}",
            ")",
        ]
    )


def clicks(of: Registration) -> list[str]:
    """Return the registration as steps in the Entra admin center, in the user's language, without numbers.

    The portal has no page for the permissions of a managed identity: none then.
    """
    if of.method == "managed-identity":
        return []
    kind = _("Delegated permissions") if of.delegated else _("Application permissions")
    add = _("Open “{page}”, “{button}”, “{api}”, “{kind}”; tick these and press “{done}”:")
    steps = [
        _("Open {address} and there “{page}”, “{button}”.").format(
            address=ADMIN_CENTERS[of.cloud], page=_("App registrations"), button=_("New registration")
        ),
        _("Name: {name}. Account types: “{audience}”. Redirect URI: “{platform}” with {uri}. Press “{button}”.").format(
            name=APP_NAME,
            audience=_("Accounts in this organizational directory only"),
            platform=_("Public client/native (mobile & desktop)"),
            uri=REDIRECT_URI,
            button=_("Register"),
        ),
        "\n".join(
            [
                add.format(
                    page=_("API permissions"),
                    button=_("Add a permission"),
                    api="Microsoft Graph",
                    kind=kind,
                    done=_("Add permissions"),
                ),
                *of.names,
            ]
        ),
        *_credential_clicks(of),
    ]
    copy = _("Open “{page}” and copy “{field}”.")
    return [*steps, copy.format(page=_("Overview"), field=_("Application (client) ID"))]


def _credential_clicks(of: Registration) -> list[str]:
    if of.delegated:
        words = _("Open “{page}”; under “{section}” set “{switch}” to “{on}” and press “{save}”.")
        return [
            words.format(
                page=_("Authentication"),
                section=_("Advanced settings"),
                switch=_("Allow public client flows"),
                on=_("Yes"),
                save=_("Save"),
            )
        ]
    page = _("Certificates & secrets")
    if of.method == "certificate":
        words = _("Open “{page}”, “{tab}”, “{button}” and choose {file}.")
        return [words.format(page=page, tab=_("Certificates"), button=_("Upload certificate"), file=CERTIFICATE_FILE)]
    words = _("Open “{page}”, “{tab}”, “{button}”, and copy the value at once: it is shown only now.")
    return [words.format(page=page, tab=_("Client secrets"), button=_("New client secret"))]
