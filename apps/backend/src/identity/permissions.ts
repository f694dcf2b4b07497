import {
  applyDecorators,
  type ExecutionContext,
  Inject,
  Injectable,
  type OnModuleInit,
  SetMetadata,
} from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { ApiSecurity } from '@nestjs/swagger';
import {
  DELETED_TENANT_PERMISSIONS,
  PERSON_PERMISSIONS,
  type Permission,
  permissionsOf,
  type Role,
  ROLES,
} from '@saas-codex/contracts/permissions';
import { ProblemError } from '@saas-codex/service-kit/problem';
import type { Caller } from './actor.js';

const ROUTE_ACCESS = 'route-access';

/** Who may call a route: everybody, or callers with the permission. */
type RouteAccess = 'public' | Permission;

/** On a controller's method: the route requires a caller whose role has this permission. */
export const RequirePermission = (permission: Permission) => SetMetadata(ROUTE_ACCESS, permission);

/** On a controller's method: the route answers without a credential. Only probes, the API's documents and sign-in do. */
export const Public = () => applyDecorators(SetMetadata(ROUTE_ACCESS, 'public'), ApiSecurity({}));

/** What each role may do. */
export type RoleTable = ReadonlyMap<Role, ReadonlySet<Permission>>;

/** Injection token of the backend's `RoleTable`. */
export const ROLE_TABLE = Symbol('role table');

export const roleTable = (): RoleTable => new Map(ROLES.map((role) => [role, new Set(permissionsOf(role))]));

type Handler = ReturnType<ExecutionContext['getHandler']>;

/** Knows what each route requires. Keeps the application from starting while a route does not declare it. */
@Injectable()
export class RoutePermissions implements OnModuleInit {
  constructor(
    private readonly reflector: Reflector,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    @Inject(ROLE_TABLE) private readonly roles: RoleTable,
  ) {}

  /** @throws Error that names the routes with neither a permission nor `@Public()` */
  onModuleInit(): void {
    const undeclared = this.discovery.getControllers().flatMap(({ metatype: controller }) => {
      if (typeof controller !== 'function') return [];
      const prototype = controller.prototype as Record<string, Handler>;
      return this.scanner
        .getAllMethodNames(prototype)
        .filter((name) => {
          const handler = prototype[name];
          return handler && isRoute(handler) && !this.requiredBy(handler);
        })
        .map((name) => `${controller.name}.${name}`);
    });
    if (undeclared.length > 0) {
      throw new Error(`Add @RequirePermission() or @Public() to ${undeclared.join(', ')}.`);
    }
  }

  /** What the called route requires. A controller's class is not asked, so that a new method starts closed. */
  requiredBy(handler: Handler): RouteAccess | undefined {
    return this.reflector.get<RouteAccess | undefined>(ROUTE_ACCESS, handler);
  }

  /** What the caller may do: what the role allows, as far as the tenant's state and the key's scopes do. */
  of(actor: Caller): ReadonlySet<Permission> {
    const { role, tenantDeleted } = actor;
    const ofRole = actor.kind === 'service_account' ? this.ofServiceAccount(role) : this.ofRole(role);
    const scopes = actor.kind === 'person' ? null : actor.scopes;
    if (!tenantDeleted && scopes === null) return ofRole;
    const allowed = [...ofRole].filter(
      (one) =>
        (!tenantDeleted || DELETED_TENANT_PERMISSIONS.includes(one)) &&
        (scopes === null || scopes.includes(one)),
    );
    return new Set(allowed);
  }

  /**
   * Nobody gives a role that may do more than they may: a key that leaks would outlive its revocation, and one with scopes
   * would outgrow them. What every role may do with its own account counts only against the scopes of a key.
   * @throws ProblemError forbidden
   */
  requireMayGive(actor: Caller, to: 'person' | 'service_account', role: Role): void {
    const own = this.of(actor);
    const isOwnAffair = (permission: Permission) =>
      PERSON_PERMISSIONS.includes(permission) && this.ofRole('viewer').has(permission);
    const given = [...(to === 'person' ? this.ofRole(role) : this.ofServiceAccount(role))];
    const counted = actor.kind === 'service_account' ? given.filter((one) => !isOwnAffair(one)) : given;
    if (counted.every((permission) => own.has(permission))) return;
    if (role === 'owner') throw ownersOnly();
    throw new ProblemError(
      'forbidden',
      `This key may not do all that the role ${role} may, so it cannot give it.`,
    );
  }

  /** What a service account with the role may do: all that is not for people only. */
  ofServiceAccount(role: Role): ReadonlySet<Permission> {
    return new Set([...this.ofRole(role)].filter((one) => !PERSON_PERMISSIONS.includes(one)));
  }

  /** What everybody with the role may do. */
  ofRole(role: Role): ReadonlySet<Permission> {
    return this.roles.get(role) ?? new Set();
  }
}

export const ownersOnly = () => new ProblemError('forbidden', 'Only an owner can decide about owners.');

const isRoute = (handler: Handler): boolean => Reflect.hasMetadata(PATH_METADATA, handler);
