import java.net.URI;

import uk.ac.starlink.vo.Capability;
import uk.ac.starlink.vo.RegCapabilityInterface;
import uk.ac.starlink.vo.RegResource;
import uk.ac.starlink.vo.RegistryProtocol;
import uk.ac.starlink.vo.RegistryQuery;
import uk.ac.starlink.vo.ResourceField;

/** Searches a registry for a keyword by the classes that TOPCAT's window of services uses; prints what it would show. */
public class KeywordSearch {
    public static void main(String[] arguments) throws Exception {
        ResourceField[] fields = {
            ResourceField.SHORTNAME, ResourceField.TITLE, ResourceField.SUBJECTS, ResourceField.ID,
            ResourceField.PUBLISHER, ResourceField.DESCRIPTION
        };
        Capability[] capabilities = {Capability.CONE, Capability.TAP};
        for (Capability capability : capabilities) {
            String[] words = java.util.Arrays.copyOfRange(arguments, 1, arguments.length);
            RegistryQuery query = RegistryProtocol.REGTAP.createKeywordQuery(
                words, fields, false, capability, new URI(arguments[0]).toURL());
            for (RegResource resource : query.getQueryResources()) {
                for (RegCapabilityInterface found : resource.getCapabilities()) {
                    if (RegistryProtocol.REGTAP.hasCapability(capability, found)) {
                        System.out.println(String.join("\t", capability.toString(), resource.getIdentifier(),
                            resource.getTitle(), resource.getPublisher(), found.getAccessUrl()));
                    }
                }
            }
        }
    }
}
