// Fields of custom resources in the form that Kubernetes' own types give them: a controller writes `1` where Git says
// `1000m` (Argo CD: util/argo/normalizers/knowntypes_normalizer.go).
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type knownField struct {
	Path []string `json:"path"`
	Type string   `json:"type"`
}

type knownRequest struct {
	Fields []knownField `json:"fields"`
}

// knownForms answers the blobs, objects, with these fields as their types write them; what does not fit a type stays.
func knownForms(parameters json.RawMessage, blobs [][]byte) (any, [][]byte, error) {
	var asked knownRequest
	if err := json.Unmarshal(parameters, &asked); err != nil {
		return nil, nil, err
	}
	forms := make([][]byte, 0, len(blobs))
	for _, blob := range blobs {
		object, err := decodeNumbers(blob)
		if err != nil {
			return nil, nil, errors.New("the object is no JSON")
		}
		for _, field := range asked.Fields {
			if known, found := knownTypes[field.Type]; found {
				object = inForm(object, field.Path, known)
			}
		}
		form, err := json.Marshal(object)
		if err != nil {
			return nil, nil, errors.New("the object is no JSON")
		}
		forms = append(forms, form)
	}
	return struct{}{}, forms, nil
}

func decodeNumbers(text []byte) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}

// inForm: a path goes through all entries of a list.
func inForm(value any, path []string, known reflect.Type) any {
	if entries, isList := value.([]any); isList {
		for at, entry := range entries {
			entries[at] = inForm(entry, path, known)
		}
		return entries
	}
	if len(path) == 0 {
		return asTyped(value, known)
	}
	if fields, isMap := value.(map[string]any); isMap {
		if inner, found := fields[path[0]]; found {
			fields[path[0]] = inForm(inner, path[1:], known)
		}
	}
	return value
}

func asTyped(value any, known reflect.Type) any {
	text, err := json.Marshal(value)
	if err != nil {
		return value
	}
	typed := reflect.New(known)
	decoder := json.NewDecoder(bytes.NewReader(text))
	// What a type does not know it would drop, and nobody would see it differ.
	decoder.DisallowUnknownFields()
	if decoder.Decode(typed.Interface()) != nil {
		return value
	}
	if text, err = json.Marshal(typed.Interface()); err != nil {
		return value
	}
	form, err := decodeNumbers(text)
	if err != nil {
		return value
	}
	return form
}

// Argo CD: docs/user-guide/diffing.md
var knownTypes = map[string]reflect.Type{
	"core/Quantity":    reflect.TypeFor[resource.Quantity](),
	"meta/v1/Duration": reflect.TypeFor[metav1.Duration](),
	"core/v1/AWSElasticBlockStoreVolumeSource":   reflect.TypeFor[corev1.AWSElasticBlockStoreVolumeSource](),
	"core/v1/Affinity":                           reflect.TypeFor[corev1.Affinity](),
	"core/v1/AppArmorProfile":                    reflect.TypeFor[corev1.AppArmorProfile](),
	"core/v1/AttachedVolume":                     reflect.TypeFor[corev1.AttachedVolume](),
	"core/v1/AvoidPods":                          reflect.TypeFor[corev1.AvoidPods](),
	"core/v1/AzureDiskVolumeSource":              reflect.TypeFor[corev1.AzureDiskVolumeSource](),
	"core/v1/AzureFilePersistentVolumeSource":    reflect.TypeFor[corev1.AzureFilePersistentVolumeSource](),
	"core/v1/AzureFileVolumeSource":              reflect.TypeFor[corev1.AzureFileVolumeSource](),
	"core/v1/Binding":                            reflect.TypeFor[corev1.Binding](),
	"core/v1/CSIPersistentVolumeSource":          reflect.TypeFor[corev1.CSIPersistentVolumeSource](),
	"core/v1/CSIVolumeSource":                    reflect.TypeFor[corev1.CSIVolumeSource](),
	"core/v1/Capabilities":                       reflect.TypeFor[corev1.Capabilities](),
	"core/v1/CephFSPersistentVolumeSource":       reflect.TypeFor[corev1.CephFSPersistentVolumeSource](),
	"core/v1/CephFSVolumeSource":                 reflect.TypeFor[corev1.CephFSVolumeSource](),
	"core/v1/CinderPersistentVolumeSource":       reflect.TypeFor[corev1.CinderPersistentVolumeSource](),
	"core/v1/CinderVolumeSource":                 reflect.TypeFor[corev1.CinderVolumeSource](),
	"core/v1/ClientIPConfig":                     reflect.TypeFor[corev1.ClientIPConfig](),
	"core/v1/ClusterTrustBundleProjection":       reflect.TypeFor[corev1.ClusterTrustBundleProjection](),
	"core/v1/ComponentCondition":                 reflect.TypeFor[corev1.ComponentCondition](),
	"core/v1/ComponentStatus":                    reflect.TypeFor[corev1.ComponentStatus](),
	"core/v1/ComponentStatusList":                reflect.TypeFor[corev1.ComponentStatusList](),
	"core/v1/ConfigMap":                          reflect.TypeFor[corev1.ConfigMap](),
	"core/v1/ConfigMapEnvSource":                 reflect.TypeFor[corev1.ConfigMapEnvSource](),
	"core/v1/ConfigMapKeySelector":               reflect.TypeFor[corev1.ConfigMapKeySelector](),
	"core/v1/ConfigMapList":                      reflect.TypeFor[corev1.ConfigMapList](),
	"core/v1/ConfigMapNodeConfigSource":          reflect.TypeFor[corev1.ConfigMapNodeConfigSource](),
	"core/v1/ConfigMapProjection":                reflect.TypeFor[corev1.ConfigMapProjection](),
	"core/v1/ConfigMapVolumeSource":              reflect.TypeFor[corev1.ConfigMapVolumeSource](),
	"core/v1/Container":                          reflect.TypeFor[corev1.Container](),
	"core/v1/ContainerExtendedResourceRequest":   reflect.TypeFor[corev1.ContainerExtendedResourceRequest](),
	"core/v1/ContainerImage":                     reflect.TypeFor[corev1.ContainerImage](),
	"core/v1/ContainerPort":                      reflect.TypeFor[corev1.ContainerPort](),
	"core/v1/ContainerResizePolicy":              reflect.TypeFor[corev1.ContainerResizePolicy](),
	"core/v1/ContainerRestartRule":               reflect.TypeFor[corev1.ContainerRestartRule](),
	"core/v1/ContainerRestartRuleOnExitCodes":    reflect.TypeFor[corev1.ContainerRestartRuleOnExitCodes](),
	"core/v1/ContainerState":                     reflect.TypeFor[corev1.ContainerState](),
	"core/v1/ContainerStateRunning":              reflect.TypeFor[corev1.ContainerStateRunning](),
	"core/v1/ContainerStateTerminated":           reflect.TypeFor[corev1.ContainerStateTerminated](),
	"core/v1/ContainerStateWaiting":              reflect.TypeFor[corev1.ContainerStateWaiting](),
	"core/v1/ContainerStatus":                    reflect.TypeFor[corev1.ContainerStatus](),
	"core/v1/ContainerUser":                      reflect.TypeFor[corev1.ContainerUser](),
	"core/v1/DaemonEndpoint":                     reflect.TypeFor[corev1.DaemonEndpoint](),
	"core/v1/DownwardAPIProjection":              reflect.TypeFor[corev1.DownwardAPIProjection](),
	"core/v1/DownwardAPIVolumeFile":              reflect.TypeFor[corev1.DownwardAPIVolumeFile](),
	"core/v1/DownwardAPIVolumeSource":            reflect.TypeFor[corev1.DownwardAPIVolumeSource](),
	"core/v1/EmptyDirVolumeSource":               reflect.TypeFor[corev1.EmptyDirVolumeSource](),
	"core/v1/EndpointAddress":                    reflect.TypeFor[corev1.EndpointAddress](),
	"core/v1/EndpointPort":                       reflect.TypeFor[corev1.EndpointPort](),
	"core/v1/EndpointSubset":                     reflect.TypeFor[corev1.EndpointSubset](),
	"core/v1/Endpoints":                          reflect.TypeFor[corev1.Endpoints](),
	"core/v1/EndpointsList":                      reflect.TypeFor[corev1.EndpointsList](),
	"core/v1/EnvFromSource":                      reflect.TypeFor[corev1.EnvFromSource](),
	"core/v1/EnvVar":                             reflect.TypeFor[corev1.EnvVar](),
	"core/v1/EnvVarSource":                       reflect.TypeFor[corev1.EnvVarSource](),
	"core/v1/EphemeralContainer":                 reflect.TypeFor[corev1.EphemeralContainer](),
	"core/v1/EphemeralContainerCommon":           reflect.TypeFor[corev1.EphemeralContainerCommon](),
	"core/v1/EphemeralVolumeSource":              reflect.TypeFor[corev1.EphemeralVolumeSource](),
	"core/v1/Event":                              reflect.TypeFor[corev1.Event](),
	"core/v1/EventList":                          reflect.TypeFor[corev1.EventList](),
	"core/v1/EventSeries":                        reflect.TypeFor[corev1.EventSeries](),
	"core/v1/EventSource":                        reflect.TypeFor[corev1.EventSource](),
	"core/v1/EvictionResponder":                  reflect.TypeFor[corev1.EvictionResponder](),
	"core/v1/ExecAction":                         reflect.TypeFor[corev1.ExecAction](),
	"core/v1/FCVolumeSource":                     reflect.TypeFor[corev1.FCVolumeSource](),
	"core/v1/FileKeySelector":                    reflect.TypeFor[corev1.FileKeySelector](),
	"core/v1/FlexPersistentVolumeSource":         reflect.TypeFor[corev1.FlexPersistentVolumeSource](),
	"core/v1/FlexVolumeSource":                   reflect.TypeFor[corev1.FlexVolumeSource](),
	"core/v1/FlockerVolumeSource":                reflect.TypeFor[corev1.FlockerVolumeSource](),
	"core/v1/GCEPersistentDiskVolumeSource":      reflect.TypeFor[corev1.GCEPersistentDiskVolumeSource](),
	"core/v1/GRPCAction":                         reflect.TypeFor[corev1.GRPCAction](),
	"core/v1/GitRepoVolumeSource":                reflect.TypeFor[corev1.GitRepoVolumeSource](),
	"core/v1/GlusterfsPersistentVolumeSource":    reflect.TypeFor[corev1.GlusterfsPersistentVolumeSource](),
	"core/v1/GlusterfsVolumeSource":              reflect.TypeFor[corev1.GlusterfsVolumeSource](),
	"core/v1/HTTPGetAction":                      reflect.TypeFor[corev1.HTTPGetAction](),
	"core/v1/HTTPHeader":                         reflect.TypeFor[corev1.HTTPHeader](),
	"core/v1/HostAlias":                          reflect.TypeFor[corev1.HostAlias](),
	"core/v1/HostIP":                             reflect.TypeFor[corev1.HostIP](),
	"core/v1/HostPathVolumeSource":               reflect.TypeFor[corev1.HostPathVolumeSource](),
	"core/v1/ISCSIPersistentVolumeSource":        reflect.TypeFor[corev1.ISCSIPersistentVolumeSource](),
	"core/v1/ISCSIVolumeSource":                  reflect.TypeFor[corev1.ISCSIVolumeSource](),
	"core/v1/ImageVolumeSource":                  reflect.TypeFor[corev1.ImageVolumeSource](),
	"core/v1/ImageVolumeStatus":                  reflect.TypeFor[corev1.ImageVolumeStatus](),
	"core/v1/KeyToPath":                          reflect.TypeFor[corev1.KeyToPath](),
	"core/v1/Lifecycle":                          reflect.TypeFor[corev1.Lifecycle](),
	"core/v1/LifecycleHandler":                   reflect.TypeFor[corev1.LifecycleHandler](),
	"core/v1/LimitRange":                         reflect.TypeFor[corev1.LimitRange](),
	"core/v1/LimitRangeItem":                     reflect.TypeFor[corev1.LimitRangeItem](),
	"core/v1/LimitRangeList":                     reflect.TypeFor[corev1.LimitRangeList](),
	"core/v1/LimitRangeSpec":                     reflect.TypeFor[corev1.LimitRangeSpec](),
	"core/v1/LinuxContainerUser":                 reflect.TypeFor[corev1.LinuxContainerUser](),
	"core/v1/LoadBalancerIngress":                reflect.TypeFor[corev1.LoadBalancerIngress](),
	"core/v1/LoadBalancerStatus":                 reflect.TypeFor[corev1.LoadBalancerStatus](),
	"core/v1/LocalObjectReference":               reflect.TypeFor[corev1.LocalObjectReference](),
	"core/v1/LocalVolumeSource":                  reflect.TypeFor[corev1.LocalVolumeSource](),
	"core/v1/ModifyVolumeStatus":                 reflect.TypeFor[corev1.ModifyVolumeStatus](),
	"core/v1/NFSVolumeSource":                    reflect.TypeFor[corev1.NFSVolumeSource](),
	"core/v1/Namespace":                          reflect.TypeFor[corev1.Namespace](),
	"core/v1/NamespaceCondition":                 reflect.TypeFor[corev1.NamespaceCondition](),
	"core/v1/NamespaceList":                      reflect.TypeFor[corev1.NamespaceList](),
	"core/v1/NamespaceSpec":                      reflect.TypeFor[corev1.NamespaceSpec](),
	"core/v1/NamespaceStatus":                    reflect.TypeFor[corev1.NamespaceStatus](),
	"core/v1/Node":                               reflect.TypeFor[corev1.Node](),
	"core/v1/NodeAddress":                        reflect.TypeFor[corev1.NodeAddress](),
	"core/v1/NodeAffinity":                       reflect.TypeFor[corev1.NodeAffinity](),
	"core/v1/NodeAllocatableMappedResources":     reflect.TypeFor[corev1.NodeAllocatableMappedResources](),
	"core/v1/NodeAllocatableOverheadResources":   reflect.TypeFor[corev1.NodeAllocatableOverheadResources](),
	"core/v1/NodeAllocatableResourceClaimStatus": reflect.TypeFor[corev1.NodeAllocatableResourceClaimStatus](),
	"core/v1/NodeCondition":                      reflect.TypeFor[corev1.NodeCondition](),
	"core/v1/NodeConfigSource":                   reflect.TypeFor[corev1.NodeConfigSource](),
	"core/v1/NodeConfigStatus":                   reflect.TypeFor[corev1.NodeConfigStatus](),
	"core/v1/NodeDaemonEndpoints":                reflect.TypeFor[corev1.NodeDaemonEndpoints](),
	"core/v1/NodeFeatures":                       reflect.TypeFor[corev1.NodeFeatures](),
	"core/v1/NodeList":                           reflect.TypeFor[corev1.NodeList](),
	"core/v1/NodePodPreemptionPolicy":            reflect.TypeFor[corev1.NodePodPreemptionPolicy](),
	"core/v1/NodeProxyOptions":                   reflect.TypeFor[corev1.NodeProxyOptions](),
	"core/v1/NodeRuntimeHandler":                 reflect.TypeFor[corev1.NodeRuntimeHandler](),
	"core/v1/NodeRuntimeHandlerFeatures":         reflect.TypeFor[corev1.NodeRuntimeHandlerFeatures](),
	"core/v1/NodeSelector":                       reflect.TypeFor[corev1.NodeSelector](),
	"core/v1/NodeSelectorRequirement":            reflect.TypeFor[corev1.NodeSelectorRequirement](),
	"core/v1/NodeSelectorTerm":                   reflect.TypeFor[corev1.NodeSelectorTerm](),
	"core/v1/NodeSpec":                           reflect.TypeFor[corev1.NodeSpec](),
	"core/v1/NodeStatus":                         reflect.TypeFor[corev1.NodeStatus](),
	"core/v1/NodeSwapStatus":                     reflect.TypeFor[corev1.NodeSwapStatus](),
	"core/v1/NodeSystemInfo":                     reflect.TypeFor[corev1.NodeSystemInfo](),
	"core/v1/ObjectFieldSelector":                reflect.TypeFor[corev1.ObjectFieldSelector](),
	"core/v1/ObjectReference":                    reflect.TypeFor[corev1.ObjectReference](),
	"core/v1/PersistentVolume":                   reflect.TypeFor[corev1.PersistentVolume](),
	"core/v1/PersistentVolumeClaim":              reflect.TypeFor[corev1.PersistentVolumeClaim](),
	"core/v1/PersistentVolumeClaimCondition":     reflect.TypeFor[corev1.PersistentVolumeClaimCondition](),
	"core/v1/PersistentVolumeClaimList":          reflect.TypeFor[corev1.PersistentVolumeClaimList](),
	"core/v1/PersistentVolumeClaimSpec":          reflect.TypeFor[corev1.PersistentVolumeClaimSpec](),
	"core/v1/PersistentVolumeClaimStatus":        reflect.TypeFor[corev1.PersistentVolumeClaimStatus](),
	"core/v1/PersistentVolumeClaimTemplate":      reflect.TypeFor[corev1.PersistentVolumeClaimTemplate](),
	"core/v1/PersistentVolumeClaimVolumeSource":  reflect.TypeFor[corev1.PersistentVolumeClaimVolumeSource](),
	"core/v1/PersistentVolumeList":               reflect.TypeFor[corev1.PersistentVolumeList](),
	"core/v1/PersistentVolumeSource":             reflect.TypeFor[corev1.PersistentVolumeSource](),
	"core/v1/PersistentVolumeSpec":               reflect.TypeFor[corev1.PersistentVolumeSpec](),
	"core/v1/PersistentVolumeStatus":             reflect.TypeFor[corev1.PersistentVolumeStatus](),
	"core/v1/PhotonPersistentDiskVolumeSource":   reflect.TypeFor[corev1.PhotonPersistentDiskVolumeSource](),
	"core/v1/Pod":                                reflect.TypeFor[corev1.Pod](),
	"core/v1/PodAffinity":                        reflect.TypeFor[corev1.PodAffinity](),
	"core/v1/PodAffinityTerm":                    reflect.TypeFor[corev1.PodAffinityTerm](),
	"core/v1/PodAntiAffinity":                    reflect.TypeFor[corev1.PodAntiAffinity](),
	"core/v1/PodAttachOptions":                   reflect.TypeFor[corev1.PodAttachOptions](),
	"core/v1/PodCertificateProjection":           reflect.TypeFor[corev1.PodCertificateProjection](),
	"core/v1/PodCondition":                       reflect.TypeFor[corev1.PodCondition](),
	"core/v1/PodDNSConfig":                       reflect.TypeFor[corev1.PodDNSConfig](),
	"core/v1/PodDNSConfigOption":                 reflect.TypeFor[corev1.PodDNSConfigOption](),
	"core/v1/PodExecOptions":                     reflect.TypeFor[corev1.PodExecOptions](),
	"core/v1/PodExtendedResourceClaimStatus":     reflect.TypeFor[corev1.PodExtendedResourceClaimStatus](),
	"core/v1/PodIP":                              reflect.TypeFor[corev1.PodIP](),
	"core/v1/PodList":                            reflect.TypeFor[corev1.PodList](),
	"core/v1/PodLogOptions":                      reflect.TypeFor[corev1.PodLogOptions](),
	"core/v1/PodOS":                              reflect.TypeFor[corev1.PodOS](),
	"core/v1/PodPortForwardOptions":              reflect.TypeFor[corev1.PodPortForwardOptions](),
	"core/v1/PodProxyOptions":                    reflect.TypeFor[corev1.PodProxyOptions](),
	"core/v1/PodReadinessGate":                   reflect.TypeFor[corev1.PodReadinessGate](),
	"core/v1/PodResourceClaim":                   reflect.TypeFor[corev1.PodResourceClaim](),
	"core/v1/PodResourceClaimStatus":             reflect.TypeFor[corev1.PodResourceClaimStatus](),
	"core/v1/PodSchedulingGate":                  reflect.TypeFor[corev1.PodSchedulingGate](),
	"core/v1/PodSchedulingGroup":                 reflect.TypeFor[corev1.PodSchedulingGroup](),
	"core/v1/PodSecurityContext":                 reflect.TypeFor[corev1.PodSecurityContext](),
	"core/v1/PodSignature":                       reflect.TypeFor[corev1.PodSignature](),
	"core/v1/PodSpec":                            reflect.TypeFor[corev1.PodSpec](),
	"core/v1/PodStatus":                          reflect.TypeFor[corev1.PodStatus](),
	"core/v1/PodTemplate":                        reflect.TypeFor[corev1.PodTemplate](),
	"core/v1/PodTemplateList":                    reflect.TypeFor[corev1.PodTemplateList](),
	"core/v1/PodTemplateSpec":                    reflect.TypeFor[corev1.PodTemplateSpec](),
	"core/v1/PodVolumeHealth":                    reflect.TypeFor[corev1.PodVolumeHealth](),
	"core/v1/PortStatus":                         reflect.TypeFor[corev1.PortStatus](),
	"core/v1/PortworxVolumeSource":               reflect.TypeFor[corev1.PortworxVolumeSource](),
	"core/v1/Preconditions":                      reflect.TypeFor[corev1.Preconditions](),
	"core/v1/PreferAvoidPodsEntry":               reflect.TypeFor[corev1.PreferAvoidPodsEntry](),
	"core/v1/PreferredSchedulingTerm":            reflect.TypeFor[corev1.PreferredSchedulingTerm](),
	"core/v1/Probe":                              reflect.TypeFor[corev1.Probe](),
	"core/v1/ProbeHandler":                       reflect.TypeFor[corev1.ProbeHandler](),
	"core/v1/ProjectedVolumeSource":              reflect.TypeFor[corev1.ProjectedVolumeSource](),
	"core/v1/QuobyteVolumeSource":                reflect.TypeFor[corev1.QuobyteVolumeSource](),
	"core/v1/RBDPersistentVolumeSource":          reflect.TypeFor[corev1.RBDPersistentVolumeSource](),
	"core/v1/RBDVolumeSource":                    reflect.TypeFor[corev1.RBDVolumeSource](),
	"core/v1/RangeAllocation":                    reflect.TypeFor[corev1.RangeAllocation](),
	"core/v1/ReplicationController":              reflect.TypeFor[corev1.ReplicationController](),
	"core/v1/ReplicationControllerCondition":     reflect.TypeFor[corev1.ReplicationControllerCondition](),
	"core/v1/ReplicationControllerList":          reflect.TypeFor[corev1.ReplicationControllerList](),
	"core/v1/ReplicationControllerSpec":          reflect.TypeFor[corev1.ReplicationControllerSpec](),
	"core/v1/ReplicationControllerStatus":        reflect.TypeFor[corev1.ReplicationControllerStatus](),
	"core/v1/ResourceClaim":                      reflect.TypeFor[corev1.ResourceClaim](),
	"core/v1/ResourceFieldSelector":              reflect.TypeFor[corev1.ResourceFieldSelector](),
	"core/v1/ResourceHealth":                     reflect.TypeFor[corev1.ResourceHealth](),
	"core/v1/ResourceQuota":                      reflect.TypeFor[corev1.ResourceQuota](),
	"core/v1/ResourceQuotaList":                  reflect.TypeFor[corev1.ResourceQuotaList](),
	"core/v1/ResourceQuotaSpec":                  reflect.TypeFor[corev1.ResourceQuotaSpec](),
	"core/v1/ResourceQuotaStatus":                reflect.TypeFor[corev1.ResourceQuotaStatus](),
	"core/v1/ResourceRequirements":               reflect.TypeFor[corev1.ResourceRequirements](),
	"core/v1/ResourceStatus":                     reflect.TypeFor[corev1.ResourceStatus](),
	"core/v1/SELinuxOptions":                     reflect.TypeFor[corev1.SELinuxOptions](),
	"core/v1/ScaleIOPersistentVolumeSource":      reflect.TypeFor[corev1.ScaleIOPersistentVolumeSource](),
	"core/v1/ScaleIOVolumeSource":                reflect.TypeFor[corev1.ScaleIOVolumeSource](),
	"core/v1/ScopeSelector":                      reflect.TypeFor[corev1.ScopeSelector](),
	"core/v1/ScopedResourceSelectorRequirement":  reflect.TypeFor[corev1.ScopedResourceSelectorRequirement](),
	"core/v1/SeccompProfile":                     reflect.TypeFor[corev1.SeccompProfile](),
	"core/v1/Secret":                             reflect.TypeFor[corev1.Secret](),
	"core/v1/SecretEnvSource":                    reflect.TypeFor[corev1.SecretEnvSource](),
	"core/v1/SecretKeySelector":                  reflect.TypeFor[corev1.SecretKeySelector](),
	"core/v1/SecretList":                         reflect.TypeFor[corev1.SecretList](),
	"core/v1/SecretProjection":                   reflect.TypeFor[corev1.SecretProjection](),
	"core/v1/SecretReference":                    reflect.TypeFor[corev1.SecretReference](),
	"core/v1/SecretVolumeSource":                 reflect.TypeFor[corev1.SecretVolumeSource](),
	"core/v1/SecurityContext":                    reflect.TypeFor[corev1.SecurityContext](),
	"core/v1/SerializedReference":                reflect.TypeFor[corev1.SerializedReference](),
	"core/v1/Service":                            reflect.TypeFor[corev1.Service](),
	"core/v1/ServiceAccount":                     reflect.TypeFor[corev1.ServiceAccount](),
	"core/v1/ServiceAccountList":                 reflect.TypeFor[corev1.ServiceAccountList](),
	"core/v1/ServiceAccountTokenProjection":      reflect.TypeFor[corev1.ServiceAccountTokenProjection](),
	"core/v1/ServiceList":                        reflect.TypeFor[corev1.ServiceList](),
	"core/v1/ServicePort":                        reflect.TypeFor[corev1.ServicePort](),
	"core/v1/ServiceProxyOptions":                reflect.TypeFor[corev1.ServiceProxyOptions](),
	"core/v1/ServiceSpec":                        reflect.TypeFor[corev1.ServiceSpec](),
	"core/v1/ServiceStatus":                      reflect.TypeFor[corev1.ServiceStatus](),
	"core/v1/SessionAffinityConfig":              reflect.TypeFor[corev1.SessionAffinityConfig](),
	"core/v1/SleepAction":                        reflect.TypeFor[corev1.SleepAction](),
	"core/v1/StorageOSPersistentVolumeSource":    reflect.TypeFor[corev1.StorageOSPersistentVolumeSource](),
	"core/v1/StorageOSVolumeSource":              reflect.TypeFor[corev1.StorageOSVolumeSource](),
	"core/v1/Sysctl":                             reflect.TypeFor[corev1.Sysctl](),
	"core/v1/TCPSocketAction":                    reflect.TypeFor[corev1.TCPSocketAction](),
	"core/v1/Taint":                              reflect.TypeFor[corev1.Taint](),
	"core/v1/Toleration":                         reflect.TypeFor[corev1.Toleration](),
	"core/v1/TopologySelectorLabelRequirement":   reflect.TypeFor[corev1.TopologySelectorLabelRequirement](),
	"core/v1/TopologySelectorTerm":               reflect.TypeFor[corev1.TopologySelectorTerm](),
	"core/v1/TopologySpreadConstraint":           reflect.TypeFor[corev1.TopologySpreadConstraint](),
	"core/v1/TypedLocalObjectReference":          reflect.TypeFor[corev1.TypedLocalObjectReference](),
	"core/v1/TypedObjectReference":               reflect.TypeFor[corev1.TypedObjectReference](),
	"core/v1/Volume":                             reflect.TypeFor[corev1.Volume](),
	"core/v1/VolumeDevice":                       reflect.TypeFor[corev1.VolumeDevice](),
	"core/v1/VolumeHealthCondition":              reflect.TypeFor[corev1.VolumeHealthCondition](),
	"core/v1/VolumeHealthStatus":                 reflect.TypeFor[corev1.VolumeHealthStatus](),
	"core/v1/VolumeMount":                        reflect.TypeFor[corev1.VolumeMount](),
	"core/v1/VolumeMountStatus":                  reflect.TypeFor[corev1.VolumeMountStatus](),
	"core/v1/VolumeNodeAffinity":                 reflect.TypeFor[corev1.VolumeNodeAffinity](),
	"core/v1/VolumeProjection":                   reflect.TypeFor[corev1.VolumeProjection](),
	"core/v1/VolumeResourceRequirements":         reflect.TypeFor[corev1.VolumeResourceRequirements](),
	"core/v1/VolumeSource":                       reflect.TypeFor[corev1.VolumeSource](),
	"core/v1/VolumeStatus":                       reflect.TypeFor[corev1.VolumeStatus](),
	"core/v1/VsphereVirtualDiskVolumeSource":     reflect.TypeFor[corev1.VsphereVirtualDiskVolumeSource](),
	"core/v1/WeightedPodAffinityTerm":            reflect.TypeFor[corev1.WeightedPodAffinityTerm](),
	"core/v1/WindowsSecurityContextOptions":      reflect.TypeFor[corev1.WindowsSecurityContextOptions](),
}
